#!/bin/sh
# The authority of the composed trust domain: made once, published each day. It is a test authority:
# its names say TEST, and operators take it only with `test = true`.
set -eu

if [ ! -e authority/authority.json ]; then
    pli authority init authority --name COMPOSE --organization "Pli compose" --test
fi

# NAME HOST STRUCTURE LEGAL-NAME DEPARTMENT
operator() {
    [ -e "trust/$1.pem" ] && return
    pli authority sign authority --out "trust/$1.pem" --key "trust/$1.key" operator \
        --host "$2" --dns localhost --structure "$3" --legal-name "$4" --department "$5"
}
operator hospital mail.chu.example 1759990005 "CHU DE LA DEMONSTRATION" "Paris (75)"
operator practice mail.practice.example 399900000000011 "CABINET DES TILLEULS" "Saône-et-Loire (71)"
operator citizens mail.patient.example 399900000100019 "SERVICE DES CITOYENS" "Paris (75)"

while :; do
    pli authority publish authority --out trust --domains compose/domains.json
    sleep 86400
done
